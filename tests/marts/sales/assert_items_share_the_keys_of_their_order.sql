{# Fails when an item still has a key that its order no longer has. #}
with

orders as (

    select * from {{ ref('fct_orders') }}

),

items as (

    select * from {{ ref('fct_order_items') }}

)

select items.item_id
from items
inner join orders on items.order_id = orders.order_id
where
    items.customer_key <> orders.customer_key
    or items.store_key <> orders.store_key
    or items.order_profile_key <> orders.order_profile_key
    or items.ordered_at <> orders.ordered_at
