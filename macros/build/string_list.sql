{% macro string_list(value) %}
    {% if not value %}
        {{ return([]) }}
    {% endif %}
    {{ return([value] if value is string else value | list) }}
{% endmacro %}
