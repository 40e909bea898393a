{% macro describe_query(sql) %}
    {{ return(adapter.dispatch('describe_query', 'firn')(sql)) }}
{% endmacro %}

{% macro duckdb__describe_query(sql) %}
    {% set rows = run_query(
        "select to_json(list({'name': column_name, 'type': column_type})) "
        ~ "from (describe select * from (\n" ~ sql ~ "\n) as described)"
    ) %}
    {{ return(fromjson(rows.rows[0][0])) }}
{% endmacro %}

{% macro spark__describe_query(sql) %}
    {{ return(lake_call('describe', {'sql': sql})) }}
{% endmacro %}
