{% macro spark__safe_cast(field, type) %}
    {#- A row of a unit test says a nested value as SQL, which dbt has made a literal. -#}
    {% if cast_from_string_unsupported_for(type) and field is string %}
        {% set field = field.strip('"').strip("'").replace("\\'", "'") %}
    {% endif %}
    {{- 'cast(' ~ field ~ ' as ' ~ type ~ ')' -}}
{% endmacro %}
