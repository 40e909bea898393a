{% macro sort_columns() %}
    {{ return(string_list(config.get('sort_by') or config.get('sorted_by'))) }}
{% endmacro %}
