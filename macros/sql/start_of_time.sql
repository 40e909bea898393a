{% macro start_of_time() -%}
    cast('1900-01-01 00:00:00' as timestamp)
{%- endmacro %}
