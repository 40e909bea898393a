{% macro spark__datediff(first_date, second_date, datepart) -%}
    {#- Boundaries that lie between, as everywhere in dbt; Spark counts whole units. -#}
    timestampdiff(
        {{ datepart }},
        date_trunc('{{ datepart }}', cast({{ first_date }} as timestamp)),
        date_trunc('{{ datepart }}', cast({{ second_date }} as timestamp))
    )
{%- endmacro %}
