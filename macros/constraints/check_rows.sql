{% macro check_rows(relation) %}
    {#- As SQL has it: a row violates a check that is false; one that is null passes. -#}
    {% for constraint in model_constraints() if constraint.type == 'check' %}
        {% set broken = run_query(
            'select count(*) over () as broken, ' ~ row_json(none) ~ ' as example from '
            ~ relation ~ ' as checked where not (' ~ constraint.expression ~ ') limit 1'
        ).rows %}
        {% if broken | length > 0 %}
            {% do exceptions.raise_compiler_error(
                'Constraint check (' ~ constraint.expression ~ ') on ' ~ constraint.on
                ~ ': ' ~ broken[0][0] ~ ' rows violate it, for example '
                ~ example_of(broken[0][1]) ~ '. Nothing was committed.'
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
