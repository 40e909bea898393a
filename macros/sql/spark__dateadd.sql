{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    timestampadd(
        {{ datepart }}, cast({{ interval }} as bigint),
        cast({{ from_date_or_timestamp }} as timestamp)
    )
{%- endmacro %}
