"""Everything up to 0022 at once, for databases that have none of it. It knows no content app.

Made by makemigrations from the models, not by squashmigrations, which keeps the old foreign keys.
"""

import uuid

import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import bulk_admin.plain_json
from bulk_admin.seed import name_what_they_take, seed_catalogue


def seed(apps, schema_editor):
    seed_catalogue(
        apps.get_model("bulk_admin", "ImageModel"), apps.get_model("bulk_admin", "ModelPrice")
    )
    name_what_they_take(apps.get_model("bulk_admin", "ImageModel").objects)


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("bulk_admin", "0001_initial"),
        ("bulk_admin", "0002_seed_catalogue"),
        ("bulk_admin", "0003_index_children"),
        ("bulk_admin", "0004_name_days_of_spend"),
        ("bulk_admin", "0005_plain_words"),
        ("bulk_admin", "0006_whose_an_account_is"),
        ("bulk_admin", "0007_optional_settings_of_a_model"),
        ("bulk_admin", "0008_seed_of_a_job"),
        ("bulk_admin", "0009_held_calls"),
        ("bulk_admin", "0010_plain_words_on_screen"),
        ("bulk_admin", "0011_outbox_line"),
        ("bulk_admin", "0012_bounds_of_numbers"),
        ("bulk_admin", "0013_who_asked_for_a_picture"),
        ("bulk_admin", "0014_who_asked_for_old_rows"),
        ("bulk_admin", "0015_private_network"),
        ("bulk_admin", "0016_where_pictures_wait"),
        ("bulk_admin", "0017_calls_set_aside"),
        ("bulk_admin", "0018_brakes"),
        ("bulk_admin", "0019_pages_by_their_key"),
        ("bulk_admin", "0020_name_busy_workers"),
        ("bulk_admin", "0021_skipping_moderation"),
        ("bulk_admin", "0022_rewriting"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderCall",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("image", "Image"), ("text", "Text")], max_length=5),
                ),
                (
                    "job_ref",
                    models.UUIDField(
                        db_index=True, help_text="The job's id, even after the job is deleted."
                    ),
                ),
                (
                    "place",
                    models.CharField(help_text="position.variant of the image.", max_length=20),
                ),
                ("job_label", models.CharField(max_length=120)),
                ("account_label", models.CharField(max_length=80)),
                ("person_label", models.CharField(blank=True, max_length=150)),
                ("model_name", models.CharField(max_length=120)),
                ("attempt", models.PositiveSmallIntegerField()),
                ("day", models.DateField(help_text="The UTC day that it is counted on.")),
                ("sent_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("held", "Held"),
                            ("delivered", "Delivered"),
                            ("refused", "Refused"),
                            ("unknown", "Unknown"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "billed",
                    models.CharField(
                        choices=[("yes", "Yes"), ("no", "No"), ("unknown", "Unknown")],
                        default="unknown",
                        max_length=8,
                    ),
                ),
                ("reserved", models.BigIntegerField()),
                (
                    "actual",
                    models.BigIntegerField(
                        blank=True, help_text="Micro-dollars booked at the end.", null=True
                    ),
                ),
                (
                    "is_estimated",
                    models.BooleanField(
                        default=False,
                        help_text="The provider reported no usage: booked at the reserve.",
                    ),
                ),
                ("usage", models.JSONField(blank=True, default=dict)),
                ("http_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("request_id", models.CharField(blank=True, max_length=120)),
                ("remote_id", models.CharField(blank=True, max_length=120)),
                (
                    "poll_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="While held: when the provider is asked again.",
                        null=True,
                    ),
                ),
                (
                    "hold_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="While held: when the provider should be done at the latest.",
                        null=True,
                    ),
                ),
                (
                    "encrypted_address",
                    models.TextField(
                        blank=True,
                        editable=False,
                        help_text="Where a picture waits that was made and could not be downloaded.",
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=30)),
                (
                    "looked_up",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="How often its file was looked for since it became unknown.",
                    ),
                ),
                (
                    "set_aside",
                    models.CharField(
                        blank=True,
                        help_text="Why its result could not be booked as it came: what was said of it is left out.",
                        max_length=300,
                    ),
                ),
            ],
            options={
                "ordering": ["-sent_at"],
            },
        ),
        migrations.CreateModel(
            name="BulkGenerationJob",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("pending", "Pending"),
                            ("processing", "Processing"),
                            ("paused", "Paused"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("status_reason", models.CharField(blank=True, max_length=20)),
                (
                    "status_detail",
                    models.CharField(
                        blank=True,
                        help_text="What came back that it is paused for.",
                        max_length=500,
                    ),
                ),
                ("provider", models.CharField(max_length=40)),
                ("model_name", models.CharField(max_length=120, verbose_name="model")),
                ("quality", models.CharField(blank=True, max_length=12)),
                ("size", models.CharField(max_length=12)),
                ("output_format", models.CharField(blank=True, max_length=8)),
                ("background", models.CharField(blank=True, max_length=12)),
                ("seed", models.PositiveIntegerField(blank=True, null=True)),
                ("images_per_prompt", models.PositiveSmallIntegerField(default=1)),
                ("character_description", models.CharField(blank=True, max_length=500)),
                ("prompt_prefix", models.CharField(blank=True, max_length=500)),
                ("prompt_suffix", models.CharField(blank=True, max_length=500)),
                (
                    "source_text",
                    models.TextField(
                        blank=True, help_text="The pasted text, for going back to the form."
                    ),
                ),
                (
                    "page_options",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        help_text="What was chosen for its pages, by the names of the page adapter's options.",
                    ),
                ),
                ("page_for_every_kept", models.BooleanField(default=False)),
                ("create_pages_when_done", models.BooleanField(default=False)),
                ("budget_cap", models.BigIntegerField(blank=True, null=True)),
                ("estimate", models.BigIntegerField(default=0)),
                ("reserved", models.BigIntegerField(default=0)),
                ("spent", models.BigIntegerField(default=0)),
                ("text_reserved", models.BigIntegerField(default=0)),
                ("text_spent", models.BigIntegerField(default=0)),
                ("total_prompts", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("queued", models.PositiveIntegerField(default=0)),
                ("completed_count", models.PositiveIntegerField(default=0)),
                ("failed_count", models.PositiveIntegerField(default=0)),
                ("unknown_count", models.PositiveIntegerField(default=0)),
                ("cancelled_count", models.PositiveIntegerField(default=0)),
                (
                    "skipped",
                    models.PositiveIntegerField(
                        default=0, help_text="Pasted rows that were left out."
                    ),
                ),
                ("pages_open", models.PositiveIntegerField(default=0)),
                ("pages_created", models.PositiveIntegerField(default=0)),
                ("pages_blocked", models.PositiveIntegerField(default=0)),
                ("pages_failed", models.PositiveIntegerField(default=0)),
                (
                    "billed_without_use",
                    models.PositiveIntegerField(
                        default=0,
                        editable=False,
                        help_text="Billed outcomes in a row without a usable picture.",
                    ),
                ),
                ("failed_in_a_row", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "outcomes",
                    models.PositiveIntegerField(
                        default=0,
                        editable=False,
                        help_text="Pictures that were made or failed since Resume.",
                    ),
                ),
                ("outcomes_failed", models.PositiveIntegerField(default=0, editable=False)),
                ("served", models.DateTimeField(editable=False, null=True)),
                ("revision", models.BigIntegerField(default=0)),
                (
                    "removed_images",
                    models.JSONField(
                        default=list,
                        editable=False,
                        help_text="[revision, image id] of deleted tiles.",
                    ),
                ),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                ("started", models.DateTimeField(blank=True, null=True)),
                ("finished", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="bulk_jobs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "job",
                "ordering": ["-created"],
                "permissions": [
                    ("generate", "Can generate pictures (spends money)"),
                    ("create_pages", "Can create pages from pictures"),
                ],
            },
        ),
        migrations.CreateModel(
            name="GeneratedImage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "position",
                    models.PositiveIntegerField(
                        help_text="The prompt's position in the pasted text, from 1."
                    ),
                ),
                ("variant", models.PositiveSmallIntegerField(default=1)),
                ("prompt_text", models.TextField()),
                (
                    "size",
                    models.CharField(blank=True, help_text="Empty: the job's.", max_length=12),
                ),
                (
                    "quality",
                    models.CharField(blank=True, help_text="Empty: the job's.", max_length=12),
                ),
                (
                    "count",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Pictures of this prompt; empty: the job's.",
                        null=True,
                    ),
                ),
                ("included", models.BooleanField(default=True)),
                (
                    "flags",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="What the review sheet found: code, text, link.",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("queued", "Queued"),
                            ("generating", "Generating"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("unknown", "Unknown"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("revision", models.BigIntegerField(default=0)),
                (
                    "attempt",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Calls opened so far; a stale button or answer carries an older one.",
                    ),
                ),
                (
                    "tries",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Retryable refusals since the last press."
                    ),
                ),
                ("not_before", models.DateTimeField(blank=True, null=True)),
                ("selected", models.BooleanField(default=True)),
                ("picture_key", models.CharField(blank=True, max_length=200)),
                ("thumb_300", models.CharField(blank=True, max_length=200)),
                ("thumb_600", models.CharField(blank=True, max_length=200)),
                ("width", models.PositiveIntegerField(default=0)),
                ("height", models.PositiveIntegerField(default=0)),
                ("bytes", models.PositiveIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("content_type", models.CharField(blank=True, max_length=40)),
                ("revised_prompt", models.TextField(blank=True)),
                ("error_code", models.CharField(blank=True, max_length=30)),
                (
                    "download_host",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The server where the picture waits that could not be downloaded.",
                        max_length=253,
                    ),
                ),
                ("error_message", models.CharField(blank=True, max_length=500)),
                (
                    "cost",
                    models.BigIntegerField(
                        default=0, help_text="Micro-dollars booked for it, all attempts."
                    ),
                ),
                ("seconds", models.FloatField(default=0, help_text="How long its last call took.")),
                (
                    "page_status",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("queued", "Queued"),
                            ("checking", "Checking"),
                            ("writing", "Writing"),
                            ("saving", "Saving"),
                            ("created", "Created"),
                            ("rewriting", "Rewriting"),
                            ("blocked", "Blocked"),
                            ("failed", "Failed"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                (
                    "page_attempt",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Failed attempts at the current step."
                    ),
                ),
                ("page_not_before", models.DateTimeField(blank=True, null=True)),
                ("page_error_code", models.CharField(blank=True, max_length=30)),
                ("page_error", models.CharField(blank=True, max_length=500)),
                (
                    "moderation",
                    models.JSONField(blank=True, default=dict, help_text="The saved verdict."),
                ),
                (
                    "content",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="The saved title, description, tags and alt text.",
                    ),
                ),
                (
                    "page_id",
                    models.CharField(
                        blank=True,
                        help_text="The key of its page in the site's own model, as text.",
                        max_length=64,
                        null=True,
                        unique=True,
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="images",
                        to="bulk_admin.bulkgenerationjob",
                    ),
                ),
                (
                    "page_requested_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Who last asked for its page: the text counts against their cap.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="children",
                        to="bulk_admin.generatedimage",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Who last asked for the picture: it counts against their cap.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "picture",
                "ordering": ["job", "position", "variant"],
            },
        ),
        migrations.CreateModel(
            name="ImageModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("image", "Image"), ("text", "Text")],
                        default="image",
                        help_text="Text: writes titles and descriptions of pages.",
                        max_length=5,
                    ),
                ),
                ("provider", models.CharField(max_length=40)),
                (
                    "name",
                    models.CharField(
                        help_text="The provider's id, sent with every call.", max_length=120
                    ),
                ),
                ("label", models.CharField(max_length=120)),
                (
                    "sizes",
                    models.JSONField(
                        blank=True, default=list, help_text="Sizes on offer, as WIDTHxHEIGHT."
                    ),
                ),
                (
                    "size_rule",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="multiple, longest, min_pixels, max_pixels, max_ratio: sizes that are possible beyond those on offer.",
                    ),
                ),
                ("qualities", models.JSONField(blank=True, default=list)),
                ("output_formats", models.JSONField(blank=True, default=list)),
                ("backgrounds", models.JSONField(blank=True, default=list)),
                (
                    "takes",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text='Optional settings that it takes, as ["seed"].',
                    ),
                ),
                (
                    "prompt_limit",
                    models.PositiveIntegerField(
                        default=32000,
                        help_text="Characters.",
                        validators=[django.core.validators.MaxValueValidator(1000000)],
                    ),
                ),
                ("default_size", models.CharField(blank=True, max_length=12)),
                ("default_quality", models.CharField(blank=True, max_length=12)),
                (
                    "token_rule",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="How output tokens follow from size and quality. Empty: a flat price per image.",
                    ),
                ),
                ("released", models.DateField(blank=True, null=True)),
                (
                    "retired_on",
                    models.DateField(
                        blank=True, help_text="It cannot be chosen from this day on.", null=True
                    ),
                ),
                ("successor", models.CharField(blank=True, max_length=120)),
                (
                    "note",
                    models.TextField(
                        blank=True, help_text="Source, date and confidence of these figures."
                    ),
                ),
                ("is_default", models.BooleanField(default=False)),
                ("is_enabled", models.BooleanField(default=True)),
                ("sort_order", models.PositiveSmallIntegerField(default=100)),
            ],
            options={
                "ordering": ["sort_order", "label"],
                "constraints": [
                    models.UniqueConstraint(fields=("provider", "name"), name="one_model_per_name"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("provider", "kind"),
                        name="one_default_model",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "provider",
                    models.CharField(help_text="Name of a provider module.", max_length=40),
                ),
                ("label", models.CharField(max_length=80)),
                (
                    "base_url",
                    models.CharField(
                        blank=True,
                        help_text="Only for servers that speak the provider's protocol. Changing it clears the key.",
                        max_length=300,
                        validators=[django.core.validators.URLValidator(schemes=["http", "https"])],
                    ),
                ),
                (
                    "private_network",
                    models.BooleanField(
                        default=False,
                        help_text="The base URL is a server inside our own network. Unless this is ticked, addresses in it are refused.",
                    ),
                ),
                ("key_from_environment", models.BooleanField(default=False, editable=False)),
                ("encrypted_key", models.TextField(blank=True, editable=False)),
                ("key_last_four", models.CharField(blank=True, editable=False, max_length=4)),
                ("is_platform", models.BooleanField(default=False, editable=False)),
                (
                    "tier",
                    models.PositiveSmallIntegerField(
                        default=1,
                        help_text="The provider's usage tier, 1-5: sets the pictures per minute.",
                    ),
                ),
                (
                    "images_per_minute",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Only if the account's limit differs from its tier's.",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(100000)],
                    ),
                ),
                (
                    "max_in_flight",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Pictures under way at once. Empty: as many as the limit per minute.",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(100000)],
                    ),
                ),
                ("day_cap", models.BigIntegerField(blank=True, null=True)),
                ("month_cap", models.BigIntegerField(blank=True, null=True)),
                ("person_day_cap", models.BigIntegerField(blank=True, null=True)),
                (
                    "buy_again_unasked",
                    models.BooleanField(
                        default=False,
                        help_text="Buy a picture again automatically when no answer came back. Both calls are booked.",
                    ),
                ),
                (
                    "skips_moderation",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Make pages of its pictures without asking moderation, which is free. Only for a provider that refuses such prompts and pictures itself.",
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                ("is_default", models.BooleanField(default=False)),
                (
                    "stop_code",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="Why nothing is bought with it.",
                        max_length=20,
                    ),
                ),
                ("stop_message", models.CharField(blank=True, editable=False, max_length=300)),
                ("checked_at", models.DateTimeField(editable=False, null=True)),
                ("check_result", models.CharField(blank=True, editable=False, max_length=300)),
                (
                    "options",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="For the provider module, such as the placeholder's delay.",
                        validators=[bulk_admin.plain_json.check],
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the platform's own, for everyone. This cannot be changed later; add another account instead.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["label"],
                "permissions": [("manage_accounts", "Can manage provider accounts and keys")],
            },
        ),
        migrations.CreateModel(
            name="Pool",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("image", "Image"), ("text", "Text")], max_length=5),
                ),
                (
                    "limit_per_minute",
                    models.PositiveIntegerField(help_text="Calls per minute; 0 means no limit."),
                ),
                ("max_in_flight", models.PositiveIntegerField()),
                ("cooldown_until", models.DateTimeField(blank=True, null=True)),
                (
                    "gap",
                    models.FloatField(
                        default=0,
                        help_text="Seconds between two calls, after the provider refused within its own limit.",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pools",
                        to="bulk_admin.provideraccount",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="bulkgenerationjob",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="bulk_admin.provideraccount",
            ),
        ),
        migrations.CreateModel(
            name="UnstoredImage",
            fields=[
                (
                    "call",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="unstored",
                        serialize=False,
                        to="bulk_admin.providercall",
                    ),
                ),
                ("content", models.BinaryField()),
                ("metadata", models.JSONField(default=dict)),
                ("size", models.PositiveIntegerField()),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("tried_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["created"],
            },
        ),
        migrations.AddField(
            model_name="providercall",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="bulk_admin.provideraccount",
            ),
        ),
        migrations.AddField(
            model_name="providercall",
            name="image",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="calls",
                to="bulk_admin.generatedimage",
            ),
        ),
        migrations.AddField(
            model_name="providercall",
            name="person",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="providercall",
            name="pool",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="bulk_admin.pool",
            ),
        ),
        migrations.CreateModel(
            name="Spend",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("account", "Account"), ("person", "Person")], max_length=8
                    ),
                ),
                (
                    "key",
                    models.CharField(help_text="account id, or account id:user id", max_length=40),
                ),
                ("day", models.DateField()),
                ("spent", models.BigIntegerField(default=0)),
                ("reserved", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "daily spend",
                "verbose_name_plural": "daily spend",
                "ordering": ["-day"],
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "key", "day"), name="one_spend_a_day"),
                    models.CheckConstraint(
                        condition=models.Q(("reserved__gte", 0), ("spent__gte", 0)),
                        name="spend_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("host", models.CharField(max_length=120)),
                ("pid", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("beat_at", models.DateTimeField()),
                ("draining", models.BooleanField(default=False)),
                ("in_flight", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "busy worker",
                "indexes": [models.Index(fields=["-beat_at"], name="worker_beat")],
            },
        ),
        migrations.AddField(
            model_name="providercall",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="bulk_admin.worker",
            ),
        ),
        migrations.AddField(
            model_name="generatedimage",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="bulk_admin.worker",
            ),
        ),
        migrations.AddField(
            model_name="generatedimage",
            name="page_owner",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="bulk_admin.worker",
            ),
        ),
        migrations.CreateModel(
            name="ModelPrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("valid_from", models.DateField()),
                ("text_input", models.BigIntegerField(default=0)),
                ("image_input", models.BigIntegerField(default=0)),
                ("image_output", models.BigIntegerField(default=0)),
                ("text_output", models.BigIntegerField(default=0)),
                (
                    "per_image",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Flat prices: {"quality|size": micro-dollars}, "*" for any.',
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=300)),
                (
                    "confidence",
                    models.CharField(
                        blank=True,
                        help_text="A official, B several sources, C one source, D memory.",
                        max_length=2,
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="bulk_admin.imagemodel",
                    ),
                ),
            ],
            options={
                "ordering": ["-valid_from"],
                "constraints": [
                    models.UniqueConstraint(fields=("model", "valid_from"), name="one_price_a_day")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_platform", True)),
                fields=("label",),
                name="one_platform_label",
                violation_error_message="The platform has an account with this label already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_platform", False)),
                fields=("owner", "label"),
                name="one_label_per_owner",
                violation_error_message="This owner has an account with this label already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_platform", False), ("owner", None), _connector="OR"),
                name="platform_has_no_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_default", False), ("is_platform", True), _connector="OR"),
                name="default_is_platform",
            ),
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_enabled", False),
                    ("is_platform", True),
                    ("owner__isnull", False),
                    _connector="OR",
                ),
                name="orphaned_account_is_off",
                violation_error_message="The owner of this account was deleted: it stays off.",
            ),
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)),
                fields=("is_default",),
                name="one_default_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="provideraccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key_from_environment", True)),
                fields=("provider",),
                name="one_environment_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="pool",
            constraint=models.UniqueConstraint(
                fields=("account", "kind"), name="one_pool_per_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="bulkgenerationjob",
            index=models.Index(fields=["account", "status", "served"], name="job_turn"),
        ),
        migrations.AddIndex(
            model_name="bulkgenerationjob",
            index=models.Index(fields=["created_by", "-created"], name="job_person"),
        ),
        migrations.AddIndex(
            model_name="bulkgenerationjob",
            index=models.Index(fields=["-created"], name="job_newest"),
        ),
        migrations.AddIndex(
            model_name="bulkgenerationjob",
            index=models.Index(
                condition=models.Q(("pages_open__gt", 0)), fields=["pages_open"], name="job_pages"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkgenerationjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reserved__gte", 0),
                    ("spent__gte", 0),
                    ("text_reserved__gte", 0),
                    ("text_spent__gte", 0),
                ),
                name="job_money_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkgenerationjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "draft",
                            "pending",
                            "processing",
                            "paused",
                            "completed",
                            "failed",
                            "cancelled",
                        ],
                    )
                ),
                name="job_status_known",
            ),
        ),
        migrations.AddIndex(
            model_name="providercall",
            index=models.Index(fields=["pool", "-sent_at"], name="call_window"),
        ),
        migrations.AddIndex(
            model_name="providercall",
            index=models.Index(
                condition=models.Q(("state__in", ("open", "held"))),
                fields=["pool"],
                name="call_under_way",
            ),
        ),
        migrations.AddIndex(
            model_name="providercall",
            index=models.Index(
                condition=models.Q(("state", "held")), fields=["poll_at"], name="call_held"
            ),
        ),
        migrations.AddIndex(
            model_name="providercall",
            index=models.Index(
                condition=models.Q(("state", "unknown")),
                fields=["finished_at"],
                name="call_unknown",
            ),
        ),
        migrations.AddIndex(
            model_name="providercall",
            index=models.Index(
                condition=models.Q(("set_aside", ""), _negated=True),
                fields=["-sent_at"],
                name="call_set_aside",
            ),
        ),
        migrations.AddConstraint(
            model_name="providercall",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("open", "held"))),
                fields=("image", "kind"),
                name="one_call_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="providercall",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "held"), _negated=True),
                    models.Q(
                        models.Q(("remote_id", ""), _negated=True),
                        ("hold_until__isnull", False),
                        ("poll_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="held_call_can_be_collected",
            ),
        ),
        migrations.AddConstraint(
            model_name="providercall",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["open", "held", "delivered", "refused", "unknown"])
                ),
                name="call_state_known",
            ),
        ),
        migrations.AddIndex(
            model_name="generatedimage",
            index=models.Index(
                condition=models.Q(("status", "queued")),
                fields=["job", "position", "variant"],
                name="image_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="generatedimage",
            index=models.Index(fields=["job", "revision", "id"], name="image_delta"),
        ),
        migrations.AddIndex(
            model_name="generatedimage",
            index=models.Index(
                condition=models.Q(("status", "generating")), fields=["owner"], name="image_owner"
            ),
        ),
        migrations.AddIndex(
            model_name="generatedimage",
            index=models.Index(
                condition=models.Q(("parent__isnull", False)),
                fields=["parent"],
                name="image_children",
            ),
        ),
        migrations.AddIndex(
            model_name="generatedimage",
            index=models.Index(
                condition=models.Q(
                    ("page_status__in", ["queued", "checking", "writing", "saving", "rewriting"])
                ),
                fields=["job", "position"],
                name="image_pages",
            ),
        ),
        migrations.AddConstraint(
            model_name="generatedimage",
            constraint=models.UniqueConstraint(
                fields=("job", "position", "variant"), name="one_image_per_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="generatedimage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "draft",
                            "queued",
                            "generating",
                            "completed",
                            "failed",
                            "unknown",
                            "cancelled",
                        ],
                    )
                ),
                name="image_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="generatedimage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "page_status__in",
                        [
                            "none",
                            "queued",
                            "checking",
                            "writing",
                            "saving",
                            "created",
                            "rewriting",
                            "blocked",
                            "failed",
                        ],
                    )
                ),
                name="image_page_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="generatedimage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "completed"), _negated=True),
                    models.Q(("picture_key", ""), _negated=True),
                    _connector="OR",
                ),
                name="completed_has_picture",
            ),
        ),
        migrations.AddConstraint(
            model_name="generatedimage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("page_status__in", ["created", "rewriting"]), _negated=True),
                    ("page_id__isnull", False),
                    _connector="OR",
                ),
                name="created_has_page",
            ),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
