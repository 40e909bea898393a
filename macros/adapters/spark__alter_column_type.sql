{% macro spark__alter_column_type(relation, column_name, new_column_type) %}
    {#- As dbt-spark's own, but with --empty, where it names a query. -#}
    {% do run_query(
        'alter table ' ~ relation.render() ~ ' alter column '
        ~ quoted_columns([column_name])[0] ~ ' type ' ~ new_column_type
    ) %}
{% endmacro %}
