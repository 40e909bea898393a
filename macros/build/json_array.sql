{% macro json_array(values) %}
    {{ return(adapter.dispatch('json_array', 'firn')(values)) }}
{% endmacro %}

{% macro duckdb__json_array(values) %}
    {{ return('to_json([' ~ values | join(', ') ~ '])') }}
{% endmacro %}

{% macro spark__json_array(values) %}
    {{ return('to_json(array(' ~ values | join(', ') ~ '))') }}
{% endmacro %}
