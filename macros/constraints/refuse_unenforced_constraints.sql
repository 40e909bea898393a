{% macro refuse_unenforced_constraints() %}
    {% set enforced = [] if config.get('materialized') == 'view' else ['not_null', 'check'] %}
    {% set remedies = {
        'unique': 'Use a unique data test; merge with unique_key keeps a key unique.',
        'primary_key': 'Use not_null as a constraint and unique as a data test.',
        'foreign_key': 'Use a relationships data test.',
    } %}
    {% for constraint in model_constraints() if constraint.type not in enforced %}
        {% set why = 'a view holds no rows' if not enforced else 'the lake cannot enforce it' %}
        {% do exceptions.raise_compiler_error(
            'Constraint ' ~ constraint.type ~ ' on ' ~ constraint.on ~ ': ' ~ why ~ '. '
            ~ remedies.get(constraint.type, 'Use a data test instead.')
        ) %}
    {% endfor %}
{% endmacro %}
