{% macro sort_terms(sort_by) %}
    {% set terms = [] %}
    {% for term in sort_by %}
        {#- As the lake reads them: the words after the column are no part of its name. -#}
        {% set column, order = modules.re.fullmatch(
            '(?is)\\s*(.+?)((?:\\s+(?:asc|desc))?(?:\\s+nulls\\s+(?:first|last))?)\\s*', term
        ).groups() %}
        {% do terms.append(quoted_columns([column])[0] ~ order) %}
    {% endfor %}
    {{ return(terms) }}
{% endmacro %}
