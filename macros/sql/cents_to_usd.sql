{% macro cents_to_usd(column) -%}
    cast({{ column }} * 0.01 as decimal(18, 2))
{%- endmacro %}
