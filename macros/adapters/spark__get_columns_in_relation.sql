{% macro spark__get_columns_in_relation(relation) %}
    {#- dbt-spark's own returns rows of DESCRIBE, which snapshots take for columns. -#}
    {{ return(adapter.get_columns_in_relation(relation)) }}
{% endmacro %}
