{% macro spark__drop_schema(relation) %}
    {% do lake_call('drop_schema', {'schema': relation.schema}) %}
{% endmacro %}
