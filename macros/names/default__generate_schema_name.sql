{% macro default__generate_schema_name(custom_schema_name=none, node=none) %}
    {{ return((custom_schema_name or target.schema) | trim) }}
{% endmacro %}
