{% macro refuse_unsupported() %}
    {#- What the lake cannot do is an error with a remedy, never passed over in silence. -#}
    {% do _refuse_constraints() %}
    {% set merge = 'Use merge_update_columns, merge_exclude_columns, merge_delete_condition '
        ~ 'or incremental_predicates.' %}
    {% set remedies = {
        'grants': 'The lake has no users; grant in the catalog that you run.',
        'indexes': 'Use partition_by and sort_by.',
        'merge_clauses': merge,
        'merge_insert_condition': merge,
        'merge_on_using_columns': merge,
        'merge_returning_columns': merge,
        'merge_update_condition': merge,
        'merge_update_set_expressions': merge,
    } %}
    {% for name in remedies if config.get(name) %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": config '" ~ name ~ "' does nothing on Iceberg. " ~ remedies[name]
        ) %}
    {% endfor %}
{% endmacro %}

{% macro _refuse_constraints() %}
    {% set enforced = [] if config.get('materialized') == 'view' else ['not_null', 'check'] %}
    {% set remedies = {
        'unique': 'Use a unique data test; merge with unique_key keeps a key unique.',
        'primary_key': 'Use not_null as a constraint and unique as a data test.',
        'foreign_key': 'Use a relationships data test.',
    } %}
    {% set why = 'the lake cannot enforce it' if enforced else 'a view holds no rows' %}
    {% for constraint in model_constraints() if constraint.type not in enforced %}
        {% do exceptions.raise_compiler_error(
            'Constraint ' ~ constraint.type ~ ' on ' ~ constraint.on ~ ': ' ~ why ~ '. '
            ~ remedies.get(constraint.type, 'Use a data test instead.')
        ) %}
    {% endfor %}
{% endmacro %}
