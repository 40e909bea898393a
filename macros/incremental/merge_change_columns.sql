{% macro merge_change_columns(updated) %}
    {#- Fewer columns to compare are fewer columns to read, from the whole table where keys
        are spread over it. -#}
    {% set named = string_list(config.get('merge_change_columns')) %}
    {% set known = updated | map('lower') | list %}
    {% for name in named if name | lower not in known %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": merge_change_columns names '" ~ name ~ "', which a match does "
            ~ 'not update. It updates ' ~ updated | join(', ') ~ '.'
        ) %}
    {% endfor %}
    {{ return(named or updated) }}
{% endmacro %}
