{% macro build_table(relation, sql, fingerprint=none) %}
    {{ return(adapter.dispatch('build_table', 'firn')(relation, sql, fingerprint)) }}
{% endmacro %}

{% macro duckdb__build_table(relation, sql, fingerprint=none) %}
    {% if config.get('sql_header') %}
        {% do run_query(config.get('sql_header')) %}
    {% endif %}
    {% set definition = table_definition(describe_query(sql)) %}
    {% set id = {'schema': relation.schema, 'name': relation.identifier} %}
    {% set staged = lake_call('stage', dict(
        id, definition=definition, fingerprint=fingerprint
    )) %}
    {% set staged_relation = relation.incorporate(path={'identifier': staged}) %}
    {% set rows = fill_table(staged_relation, sql, definition.sort_by) %}
    {% do drop_old_view(relation) %}
    {% do lake_call('swap', dict(id, staged=staged)) %}
    {{ return(rows) }}
{% endmacro %}
