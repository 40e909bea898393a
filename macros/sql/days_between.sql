{% macro days_between(first_day, last_day) %}
    {# ten digits to the fourth: room for 27 years, on every engine #}
    {%- set digits -%}
        select 0 as digit
        {%- for digit in range(1, 10) %} union all select {{ digit }}{% endfor %}
    {%- endset %}
    select date_day
    from (
        select
            cast(
                {{ dbt.dateadd(
                    'day',
                    'ones.digit + 10 * tens.digit + 100 * hundreds.digit'
                    ~ ' + 1000 * thousands.digit',
                    "cast('" ~ first_day ~ "' as date)"
                ) }} as date
            ) as date_day
        from ({{ digits }}) as ones
        cross join ({{ digits }}) as tens
        cross join ({{ digits }}) as hundreds
        cross join ({{ digits }}) as thousands
    ) as days
    where date_day <= cast('{{ last_day }}' as date)
{% endmacro %}
