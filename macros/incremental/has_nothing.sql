{% macro has_nothing(sql) %}
    {{ return(adapter.dispatch('has_nothing', 'firn')(sql)) }}
{% endmacro %}

{% macro duckdb__has_nothing(sql) %}
    {#- DuckDB commits nothing for no rows. -#}
    {{ return(false) }}
{% endmacro %}

{% macro spark__has_nothing(sql) %}
    {#- Spark commits a snapshot for no rows, and readers would see a table that moved. -#}
    {{ return(
        run_query('select 1 from (\n' ~ sql ~ '\n) as asked limit 1').rows | length == 0
    ) }}
{% endmacro %}
