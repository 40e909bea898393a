{% macro spark__list_schemas(database) %}
    {% set rows = [] %}
    {% for name in lake_call('schemas', {}) %}
        {% do rows.append([name]) %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}
