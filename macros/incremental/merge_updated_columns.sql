{% macro merge_updated_columns(columns, keys) %}
    {% set only = string_list(config.get('merge_update_columns')) | map('lower') | list %}
    {% set never = string_list(config.get('merge_exclude_columns')) | map('lower') | list %}
    {% set lower_keys = keys | map('lower') | list %}
    {% set known = columns | map('lower') | list %}
    {% if only and never %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ': merge_update_columns and merge_exclude_columns exclude each '
            ~ 'other. Keep one of them.'
        ) %}
    {% endif %}
    {% for name in only + never if name not in known %}
        {% do exceptions.raise_compiler_error(
            model.name ~ ": the model has no column '" ~ name ~ "', which "
            ~ ('merge_update_columns' if only else 'merge_exclude_columns')
            ~ ' names. Its columns are ' ~ columns | join(', ') ~ '.'
        ) %}
    {% endfor %}
    {% set updated = [] %}
    {% for name in columns %}
        {% set wanted = name | lower in only if only else name | lower not in never %}
        {% if wanted and name | lower not in lower_keys %}
            {% do updated.append(name) %}
        {% endif %}
    {% endfor %}
    {{ return(updated) }}
{% endmacro %}
