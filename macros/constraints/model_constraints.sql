{% macro model_constraints() %}
    {% set found = [] %}
    {% for constraint in model.get('constraints') or [] %}
        {% do found.append({
            'type': constraint.type | string,
            'on': this.identifier,
            'columns': constraint.columns or [],
            'expression': constraint.expression,
        }) %}
    {% endfor %}
    {% for column in model.columns.values() %}
        {% for constraint in column.get('constraints') or [] %}
            {% do found.append({
                'type': constraint.type | string,
                'on': this.identifier ~ '.' ~ column.name,
                'columns': [column.name],
                'expression': constraint.expression,
            }) %}
        {% endfor %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}
