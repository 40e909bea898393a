{% macro rows_written(relation) %}
    {#- Spark does not say; the snapshot does. -#}
    {% set summary = lake_call('summary', {
        'schema': relation.schema, 'name': relation.identifier
    }) %}
    {{ return(summary.get('added-records', 0) | int) }}
{% endmacro %}

{% macro rows_merged(summary) %}
    {% set numbers = [] %}
    {% for what in ['inserted', 'updated', 'deleted'] %}
        {% do numbers.append(
            summary.get('spark.merge-into.num-target-rows-' ~ what, 0) | int
        ) %}
    {% endfor %}
    {{ return(numbers | sum) }}
{% endmacro %}
