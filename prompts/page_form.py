"""The form of a page, whole or one field of it: what a page's texts must be."""

from __future__ import annotations

import re

from django import forms

from bulk_admin.wording import TAG_LIMIT, clean_tags
from prompts.models import Prompt
from prompts.utils.seo import RESERVED

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class PromptForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter when it runs
    class Meta:
        model = Prompt
        fields = [
            "title",
            "slug",
            "prompt_text",
            "description",
            "alt_text",
            "tags",
            "category",
            "visibility",
            "ai_generator",
        ]
        help_texts = {
            "title": "40 to 60 characters read best in search results.",
            "slug": (
                "The page's address. It is fixed once the page is published, as readers and search"
                " engines keep it."
            ),
            "prompt_text": "Shown and copied exactly as written here.",
            "description": (
                "Four to six sentences. The first 160 characters are what search engines show."
            ),
            "alt_text": (
                "What the picture shows, for those who do not see it: at most 125 characters."
            ),
            "tags": "Lower case, hyphens instead of spaces, separated by commas.",
            "visibility": "Only staff see a private page, even when it is published.",
            "ai_generator": "The image model's name, as readers know it.",
        }
        labels = {
            "prompt_text": "Prompt",
            "alt_text": "Alt text",
            "ai_generator": "Model, as readers see it",
        }
        widgets = {"alt_text": forms.TextInput(attrs={"class": "vTextField", "maxlength": 125})}

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if not SLUG.fullmatch(slug):
            raise forms.ValidationError("Use lower-case letters, digits and single hyphens.")
        if slug in RESERVED:
            raise forms.ValidationError("This word is reserved: choose another one.")
        if Prompt.everything.filter(slug=slug).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Another page has this address, maybe one in the trash.")
        return slug

    def clean_tags(self) -> list[str]:
        """Written as the generator writes them, so that a tag of ours and one of theirs are the
        same.
        """
        names = {name: clean_tags([name]) for name in self.cleaned_data["tags"]}
        if odd := [name for name, cleaned in names.items() if not cleaned]:
            raise forms.ValidationError(
                "Not a tag: %(names)s. Use words of at most %(limit)d characters.",
                params={"names": ", ".join(odd), "limit": TAG_LIMIT},
            )
        return [tag for cleaned in names.values() for tag in cleaned]
