{% macro spark__get_columns_in_relation_raw(relation) %}
    {#- As dbt-spark's own, but with --empty, where it describes a query. -#}
    {{ return(run_query('describe extended ' ~ relation.render())) }}
{% endmacro %}
