{% macro rows_written(relation, counts) %}
    {#- Spark does not say; the snapshot does. -#}
    {% set summary = lake_call('summary', {
        'schema': relation.schema, 'name': relation.identifier
    }) %}
    {% set numbers = [] %}
    {% for count in counts %}
        {% do numbers.append(summary.get(count, 0) | int) %}
    {% endfor %}
    {{ return(numbers | sum) }}
{% endmacro %}

{% macro rows_merged(relation) %}
    {% set counts = [] %}
    {% for what in ['inserted', 'updated', 'deleted'] %}
        {% do counts.append('spark.merge-into.num-target-rows-' ~ what) %}
    {% endfor %}
    {{ return(rows_written(relation, counts)) }}
{% endmacro %}
