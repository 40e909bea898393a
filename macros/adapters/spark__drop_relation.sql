{% macro spark__drop_relation(relation) %}
    {#- Temporary views have no schema; tables of the lake are dropped without their
        files, which other branches may share. -#}
    {% if relation.schema %}
        {% do lake_call('drop', {
            'schema': relation.schema,
            'name': relation.identifier,
            'type': relation.type | string,
        }) %}
    {% else %}
        {% call statement('drop_relation', auto_begin=False) %}
            drop view if exists {{ relation }}
        {% endcall %}
    {% endif %}
{% endmacro %}
