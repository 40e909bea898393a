{% macro usd_per(total, number) -%}
    {#- Whole cents in whole numbers, rounded half up: exact, and so alike everywhere. -#}
    {%- set doubled -%}
        (2 * cast(abs(cast({{ total }} as decimal(18, 2))) * 100 as bigint) + {{ number }})
    {%- endset -%}
    cast(
        cast(sign({{ total }}) as integer)
        * cast(
            ({{ doubled }} - {{ doubled }} % (2 * {{ number }})) / (2 * {{ number }})
            as bigint
        ) * 0.01 as decimal(18, 2)
    )
{%- endmacro %}
