{% macro ratio(numerator, denominator) -%}
    {#- Engines divide decimals each in its own way, and doubles alike. -#}
    cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}
