{% macro not_null_columns() %}
    {% set names = [] %}
    {% for constraint in model_constraints() if constraint.type == 'not_null' %}
        {% for name in constraint.columns %}
            {% do names.append(name | lower) %}
        {% endfor %}
    {% endfor %}
    {{ return(names) }}
{% endmacro %}
