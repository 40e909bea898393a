{% macro spark__list_relations_without_caching(schema_relation) %}
    {#- Two requests for the names; dbt-spark would describe each table. Rows as
        `show table extended` has them, whose last column dbt-spark searches. -#}
    {% set rows = [] %}
    {% for type in ['table', 'view'] %}
        {% for name in lake_call('list', {'schema': schema_relation.schema, 'type': type}) %}
            {% do rows.append([
                schema_relation.schema, name, false,
                'Provider: iceberg\nType: ' ~ type | upper ~ '\n',
            ]) %}
        {% endfor %}
    {% endfor %}
    {{ return(rows) }}
{% endmacro %}
