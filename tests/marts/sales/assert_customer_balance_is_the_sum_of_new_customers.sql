{# Fails when a store's balance of customers is not what its days brought. #}
with

days as (

    select * from {{ ref('fct_store_customers_daily') }}

)

select
    store_key,
    max(customers_to_date_count) as balance,
    sum(new_customer_count) as brought
from days
group by store_key
having max(customers_to_date_count) <> sum(new_customer_count)
