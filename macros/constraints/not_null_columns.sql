{% macro not_null_columns() %}
    {% set names = [] %}
    {% for constraint in model.get('constraints') or [] if constraint.type == 'not_null' %}
        {% for name in constraint.columns %}
            {% do names.append(name | lower) %}
        {% endfor %}
    {% endfor %}
    {% for column in model.columns.values() %}
        {% for constraint in column.get('constraints') or [] %}
            {% if constraint.type == 'not_null' %}
                {% do names.append(column.name | lower) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
