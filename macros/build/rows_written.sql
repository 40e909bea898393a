{% macro rows_written(relation, count) %}
    {#- Spark does not say; the snapshot does. -#}
    {% set summary = lake_call('summary', {
        'schema': relation.schema, 'name': relation.identifier
    }) %}
    {{ return(summary.get(count, 0) | int) }}
{% endmacro %}
