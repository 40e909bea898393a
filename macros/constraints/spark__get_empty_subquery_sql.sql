{% macro spark__get_empty_subquery_sql(select_sql, select_sql_header=none) %}
    {#- Spark runs one statement at a time: the header has run already (assert_contract). -#}
    select * from (
        {{ select_sql }}
    ) as __dbt_sbq
    where false
    limit 0
{% endmacro %}
