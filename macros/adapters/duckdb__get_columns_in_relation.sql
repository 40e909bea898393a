{% macro duckdb__get_columns_in_relation(relation) %}
    {#- dbt-duckdb's own begins a transaction, which would go on seeing the lake as it was. -#}
    {% call statement('get_columns_in_relation', fetch_result=True, auto_begin=False) %}
        select
            column_name,
            column_type as data_type,
            cast(null as bigint) as character_maximum_length,
            cast(null as bigint) as numeric_precision,
            cast(null as bigint) as numeric_scale
        from (describe {{ relation.render() }})
    {% endcall %}
    {% set table = load_result('get_columns_in_relation').table %}
    {{ return(sql_convert_columns_in_relation(table)) }}
{% endmacro %}
