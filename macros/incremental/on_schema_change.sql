{% macro on_schema_change() %}
    {% set mode = config.get('on_schema_change') or 'ignore' %}
    {% set known = ['ignore', 'fail', 'append_new_columns', 'sync_all_columns'] %}
    {% if mode not in known %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": on_schema_change '" ~ mode ~ "' is unknown. Use one of "
            ~ known | join(', ') ~ '.'
        ) %}
    {% endif %}
    {{ return(mode) }}
{% endmacro %}
