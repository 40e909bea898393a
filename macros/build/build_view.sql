{% macro build_view(relation, sql) %}
    {{ return(adapter.dispatch('build_view', 'firn')(relation, sql)) }}
{% endmacro %}

{% macro duckdb__build_view(relation, sql) %}
    {% do refuse_unsupported() %}
    {% do assert_contract(sql) %}
    {% set definition = table_definition(describe_query(sql)) %}
    {% set table = adapter.get_relation(target.database, relation.schema, relation.identifier) %}
    {% if table is not none %}
        {% do adapter.drop_relation(table) %}
    {% endif %}
    {% call statement('create_view', auto_begin=False) %}
        create or replace view {{ relation }} as (
            {{ sql }}
        )
    {% endcall %}
    {% do lake_call('put_view', {
        'schema': relation.schema,
        'name': relation.identifier,
        'definition': definition,
        'sql': sql | trim,
    }) %}
{% endmacro %}

{% macro spark__build_view(relation, sql) %}
    {#- By the lake's verb and not by CREATE VIEW, so that it has a text for DuckDB. -#}
    {% do refuse_unsupported() %}
    {% do assert_contract(sql) %}
    {% set definition = table_definition(describe_query(sql)) %}
    {% set old = load_cached_relation(relation) %}
    {% if old is not none and old.is_table %}
        {% do adapter.drop_relation(old) %}
    {% endif %}
    {% do lake_call('put_view', {
        'schema': relation.schema,
        'name': relation.identifier,
        'definition': definition,
        'sql': sql | trim,
        'dialect': 'spark',
    }) %}
{% endmacro %}
