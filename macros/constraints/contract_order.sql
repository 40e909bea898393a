{% macro contract_order(columns) %}
    {#- A contract states the order of columns, too; rows are inserted by name. -#}
    {% if not (config.get('contract') and config.get('contract').enforced) %}
        {{ return(columns) }}
    {% endif %}
    {% set by_name = {} %}
    {% for column in columns %}
        {% do by_name.update({column.name | lower: column}) %}
    {% endfor %}
    {% set ordered = [] %}
    {% for name in model.columns if name | lower in by_name %}
        {% do ordered.append(by_name.pop(name | lower)) %}
    {% endfor %}
    {{ return(ordered + by_name.values() | list) }}
{% endmacro %}
