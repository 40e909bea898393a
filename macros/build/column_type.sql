{% macro column_type(relation, name) %}
    {% for column in describe_query('select * from ' ~ relation) %}
        {% if column.name | lower == name | replace('"', '') | lower %}
            {{ return(column.type) }}
        {% endif %}
    {% endfor %}
    {% do exceptions.raise_compiler_error(
        model.name ~ ": there is no column '" ~ name ~ "' in " ~ relation ~ '.'
    ) %}
{% endmacro %}
