{% macro evolve_table(relation, columns, on_schema_change) %}
    {% set evolved = lake_call('evolve', {
        'schema': relation.schema,
        'name': relation.identifier,
        'definition': table_definition(columns),
        'on_schema_change': on_schema_change,
    }) %}
    {% for warning in evolved.warnings %}
        {% do exceptions.warn(warning) %}
    {% endfor %}
    {#- The columns to write: those that both the query and the table have. -#}
    {% set names = [] %}
    {% for column in columns %}
        {% do names.append(column.name | lower) %}
    {% endfor %}
    {% set written = [] %}
    {% for name in evolved.columns if name | lower in names %}
        {% do written.append(name) %}
    {% endfor %}
    {{ return(written) }}
{% endmacro %}
