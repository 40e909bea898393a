{% macro table_definition(columns) %}
    {% set documented = {} %}
    {% if config.persist_column_docs() and columns %}
        {#- Warns of described columns that are not there. -#}
        {% set there = columns | map(attribute='name') | list %}
        {% for name, column in validate_doc_columns(this, model.columns, there).items() %}
            {% do documented.update({name | lower: column}) %}
        {% endfor %}
    {% endif %}
    {% set required = not_null_columns() %}
    {% set wanted = [] %}
    {% for column in contract_order(columns) %}
        {% set known = documented.get(column.name | lower, {}) %}
        {% set doc = known.get('description') or '' if config.persist_column_docs() else none %}
        {% do wanted.append({
            'name': column.name,
            'type': column.type,
            'required': column.name | lower in required,
            'doc': doc,
        }) %}
    {% endfor %}
    {{ return({
        'columns': wanted,
        'partition_by': string_list(config.get('partition_by') or config.get('partitioned_by')),
        'sort_by': sort_columns(),
        'properties': config.get('table_properties') or {},
        'comment': model.description if config.persist_relation_docs() else none,
    }) }}
{% endmacro %}
