{% macro personal_columns() %}
    {#- Lowercase names of the columns tagged `pii` in this model, and in all it is made
        from: a name that nobody changed on the way is personal here, too. -#}
    {% set names, seen = {}, {} %}
    {% do _personal_columns_of(model.unique_id, names, seen) %}
    {{ return(names | list) }}
{% endmacro %}

{% macro _personal_columns_of(id, names, seen) %}
    {% if id not in seen %}
        {% do seen.update({id: true}) %}
        {% set node = graph.nodes.get(id) or graph.sources.get(id) or {} %}
        {% for name, column in (node.get('columns') or {}).items() %}
            {% set config = column.get('config') or {} %}
            {% set tags = (column.get('tags') or []) + (config.get('tags') or []) %}
            {% set meta = dict(column.get('meta') or {}, **(config.get('meta') or {})) %}
            {% if 'pii' in tags or meta.get('pii') %}
                {% do names.update({name | lower: true}) %}
            {% endif %}
        {% endfor %}
        {% for parent in (node.get('depends_on') or {}).get('nodes') or [] %}
            {% do _personal_columns_of(parent, names, seen) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
