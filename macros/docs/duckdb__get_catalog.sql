{% macro duckdb__get_catalog(information_schema, schemas) %}
    {{ return(_catalog(information_schema.database, {'schemas': schemas | list})) }}
{% endmacro %}

{% macro duckdb__get_catalog_relations(information_schema, relations) %}
    {% set wanted = [] %}
    {% for relation in relations %}
        {% do wanted.append([relation.schema, relation.identifier]) %}
    {% endfor %}
    {{ return(_catalog(information_schema.database, {'relations': wanted})) }}
{% endmacro %}

{% macro _catalog(database, wanted) %}
    {#- dbt wants a table back, so the answer is unpacked by SQL. -#}
    {% set type = 'view' if database == 'memory' else 'table' %}
    {% set payload = tojson(dict(wanted, type=type)) | replace("'", "''") %}
    {% set columns = ['table_schema', 'table_name', 'table_type', 'table_comment',
        'column_name', 'column_type', 'column_comment'] %}
    {% set stats = ['rows', 'bytes', 'files', 'last_commit', 'partitions'] %}
    {% set sql %}
        with answers as (
            select unnest(from_json(
                firn_call('catalog', '{{ payload }}') -> 'result', '["json"]'
            )) as answer
        )
        select
            '{{ database }}' as table_database,
            {% for name in columns %}
            answer ->> '{{ name }}' as {{ name }},
            {% endfor %}
            (answer ->> 'column_index')::bigint as column_index,
            {% for name in stats %}
            {% for part in ['label', 'value', 'description'] %}
            answer -> 'stats' -> '{{ name }}' ->> '{{ part }}' as "stats:{{ name }}:{{ part }}",
            {% endfor %}
            coalesce(answer -> 'stats' -> '{{ name }}' ->> 'value', '') <> ''
                as "stats:{{ name }}:include",
            {% endfor %}
            null as table_owner
        from answers
        order by table_schema, table_name, column_index
    {% endset %}
    {{ return(run_query(sql)) }}
{% endmacro %}
