{% macro incremental_strategy() %}
    {% set has_key = config.get('unique_key') %}
    {% set named = config.get('incremental_strategy') or ('merge' if has_key else 'append') %}
    {% set known = ['append', 'merge', 'replace_range', 'microbatch', 'delete+insert'] %}
    {% if named not in known %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": incremental_strategy '" ~ named ~ "' is unknown. Use one of "
            ~ known | join(', ') ~ '.'
        ) %}
    {% elif named in ['merge', 'delete+insert'] and not has_key %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": incremental_strategy '" ~ named ~ "' needs unique_key. Name the "
            ~ "key, or use 'append'."
        ) %}
    {% elif named in ['append', 'replace_range', 'microbatch'] and has_key %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": incremental_strategy '" ~ named ~ "' does not use unique_key. "
            ~ "Remove it, or use 'merge'."
        ) %}
    {% endif %}
    {% if named == 'replace_range' %}
        {% do check_range(config.get('range')) %}
    {% endif %}
    {{ return(named) }}
{% endmacro %}
