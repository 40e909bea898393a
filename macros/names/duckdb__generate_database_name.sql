{% macro duckdb__generate_database_name(custom_database_name=none, node=none) %}
    {% set is_view = node.config.materialized == 'view'
        or node.config.get('store_failures_as') == 'view' %}
    {% if custom_database_name %}
        {{ return(custom_database_name | trim) }}
    {% endif %}
    {{ return('memory' if is_view else target.database) }}
{% endmacro %}
