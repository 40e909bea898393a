{% macro order_profile_key() -%}
    {{ surrogate_key(['day_part', 'has_food', 'has_drink', 'is_tax_exempt']) }}
{%- endmacro %}
