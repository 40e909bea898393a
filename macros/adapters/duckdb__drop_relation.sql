{% macro duckdb__drop_relation(relation) %}
    {#- Temporary tables have no schema; tables of the lake are dropped without their
        files, which other branches may share. -#}
    {% if relation.database != target.database %}
        {% call statement('drop_relation', auto_begin=False) %}
            drop {{ relation.type }} if exists {{ relation }}
        {% endcall %}
    {% endif %}
    {% if relation.schema %}
        {% do lake_call('drop', {
            'schema': relation.schema,
            'name': relation.identifier,
            'type': relation.type | string,
        }) %}
    {% endif %}
{% endmacro %}
