{% macro spark__create_schema(relation) %}
    {% do lake_call('create_schema', {'schema': relation.schema}) %}
{% endmacro %}
