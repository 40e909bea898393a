{% macro duckdb__get_columns_in_relation(relation) %}
    {#- dbt-duckdb's own begins a transaction, which would go on seeing the lake as it was.
        dbt knows a decimal by its bare name, the digits beside it. -#}
    {% call statement('get_columns_in_relation', fetch_result=True, auto_begin=False) %}
        select
            column_name,
            case when digits is null then column_type else 'DECIMAL' end as data_type,
            cast(null as bigint) as character_maximum_length,
            cast(digits[1] as bigint) as numeric_precision,
            cast(digits[2] as bigint) as numeric_scale
        from (
            select
                column_name,
                column_type,
                case
                    when regexp_full_match(column_type, 'DECIMAL\(\d+,\d+\)')
                    then regexp_extract_all(column_type, '\d+')
                end as digits
            from (describe {{ relation.render() }})
        )
    {% endcall %}
    {% set table = load_result('get_columns_in_relation').table %}
    {{ return(sql_convert_columns_in_relation(table)) }}
{% endmacro %}
